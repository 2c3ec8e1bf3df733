/** SQL Server 2022. */
export const serverVersion = [16, 0, 1_000] as const
