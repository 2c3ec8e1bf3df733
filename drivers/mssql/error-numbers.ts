import { SQLNonTransientException } from '../../src/api/sql-exception.ts'
import type { Classification } from '../../src/spi/classification.ts'
import { byNumber } from '../../src/sql/sqlstates.ts'

// From "Database Engine events and errors"
// (https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors) and "Troubleshoot
// transient connection errors in Azure SQL". TDS carries no SQLSTATE: these are the ones that PostgreSQL would give.

/** SQLSTATEs of the errors of the server. 547 is not here: its text tells a foreign key from a CHECK. */
export const numbers = byNumber({
  '07001': [8178],
  '08P01': [8005, 8006, 8009, 8016, 8017, 8022, 8023],
  '0A000': [401, 534, 40508, 40510, 40512, 40514],
  '0L000': [15517],
  '21000': [512],
  '22001': [2628, 2629, 8152],
  '22003': [168, 220, 232, 236, 237, 244, 248, 294, 1007, 8115],
  '22007': [241, 295],
  '22008': [210, 242, 296, 298, 517, 535, 542],
  '22011': [536, 537],
  '22012': [8134],
  '22018': [235, 245, 293, 8114, 8169, 9803],
  '2201W': [127],
  '22025': [506],
  '2200N': [9400, 9402, 9410, 9413, 9414, 9420, 9421, 9436],
  '22032': [13609],
  '23502': [515],
  '23505': [1505, 2601, 2627],
  '23514': [513, 548],
  '24000': [16905, 16917],
  '25001': [226, 574],
  '25006': [978, 979, 3906],
  '25P01': [628, 3902, 3903, 3921],
  '25P02': [3930, 3931],
  '26000': [586, 8179],
  '28000': [4064, 17892, 18452, 18470, 18486, 18487, 18488, 40532, 40615],
  '28P01': [18456],
  '2BP01': [3702, 3723, 3726, 3732, 4712, 4922, 5074, 15138],
  '34000': [16916],
  '38000': [6522],
  '3B001': [6401],
  '3D000': [911, 2520, 2702],
  '3F000': [2760],
  '40000': [1206, 3609, 3939, 3940, 3998],
  '40001': [3948, 3949, 3960, 3961, 41301, 41302, 41305, 41325, 41839],
  '40P01': [1205, 1211],
  '42501': [229, 230, 262, 297, 300, 916, 2557, 2571, 4834, 15247, 15281, 15562, 18210],
  '42601': [102, 103, 105, 109, 110, 111, 113, 120, 121, 141, 156, 170, 205, 213, 319, 325, 336, 1038],
  '42622': [193, 3932],
  '42701': [264, 2705],
  '42702': [209, 326],
  '42703': [207, 1911, 4924],
  '42704': [218, 243, 308, 351, 448, 2715, 2727, 3728, 15151, 15404],
  '42710': [219, 15023, 15025],
  '42712': [1011, 1012, 1013],
  '42803': [130, 144, 145, 147, 8117, 8118, 8119, 8120, 8121],
  '42804': [206, 257, 260, 402, 403, 518, 529],
  '42883': [174, 189, 195, 201, 261, 313, 2812, 4121, 8116, 8144, 8145, 8146],
  '428C9': [271, 272, 273, 339, 544, 545, 8101, 8102],
  '42P01': [208, 1088, 2706, 3701, 4104, 4701, 4902],
  '42P02': [137],
  '42P03': [16915],
  '42P04': [1801],
  '42P07': [1913, 2714],
  '42P16': [1779, 8110, 8111],
  '42P21': [446, 449, 451, 457, 468],
  '44000': [550],
  '53000': [8649],
  '53100': [1101, 1105, 9002, 40544],
  '53200': [701, 802, 1204, 1220, 8628, 8645, 8651],
  '53300': [10928, 10929, 17300, 17809, 40501, 49918, 49919, 49920],
  '54000': [106, 123, 180, 511, 1701, 8618, 8621, 8623, 8632, 10738],
  '54001': [191, 217, 440, 530, 541, 565, 8631],
  '54023': [8003],
  '55006': [924, 5061, 5064],
  '55P03': [1222],
  '57P03': [
    921, 922, 927, 941, 942, 945, 952, 954, 955, 956, 976, 982, 983, 988, 4060, 4221, 17142, 18401, 18451,
    18461, 40143, 40197, 40540, 40613, 42108, 42109,
  ],
  '58030': [823, 844, 845],
})

/** The session ends with them, whatever their severity. */
export const fatalNumbers: ReadonlySet<number> = new Set([596, 1219, 6005])

/** What is known only by the severity (https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-error-severities). */
export const bySeverity: Readonly<Record<number, string>> = {
  11: '42704',
  12: 'XX000',
  13: '40000',
  14: '42501',
  15: '42601',
  16: '42000',
  17: '53000',
  18: 'XX000',
  19: '54000',
}

const ended: Partial<Classification> = { transaction: 'ended' }
const failed: Partial<Classification> = { transaction: 'failed' }
/** A conversion that fails may abort the batch, and the transaction with it. */
const conversion: Partial<Classification> = { transaction: 'unknown' }
/** Only a following error of what an earlier one did. */
const noRetry: Partial<Classification> = { transaction: 'ended', retry: 'no' }

/**
 * What the SQLSTATE does not say, with `XACT_ABORT` off. With it on, every error at run time ends the transaction
 * (https://learn.microsoft.com/sql/t-sql/statements/set-xact-abort-transact-sql).
 */
export const known: Readonly<Record<number, Partial<Classification>>> = {
  241: conversion,
  245: conversion,
  248: conversion,
  295: conversion,
  1205: ended,
  1206: ended,
  1211: ended,
  3609: noRetry,
  3930: failed,
  3931: failed,
  3939: noRetry,
  3940: ended,
  3948: ended,
  3949: ended,
  3960: ended,
  3961: ended,
  3998: noRetry,
  // The plan would be too dear by a limit that the server was given.
  8649: { class: SQLNonTransientException, reason: 'limit', retry: 'no' },
  8114: conversion,
  8169: conversion,
  9002: { transaction: 'unknown' },
  41301: ended,
  41302: ended,
  41305: ended,
  41325: ended,
  41839: ended,
}
