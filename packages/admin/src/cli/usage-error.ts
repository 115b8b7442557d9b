/** A mistake on the command line, told in one sentence. */
export class UsageError extends Error {}
