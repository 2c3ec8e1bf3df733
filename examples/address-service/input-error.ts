/** What the user gave cannot be used: told in one line, without a stack. */
export class InputError extends Error {}
