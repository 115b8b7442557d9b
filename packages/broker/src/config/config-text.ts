/** Where a manager keeps its JSON: `ConfigFile`, or nothing at all (memory only). */
export interface ConfigText {
  /** The last good text, or undefined when none was ever written. Throws when text exists and none of it can be read. */
  load(): string | undefined;
  /** Replaces the text; durable when this returns. Throws DiskError. */
  persist(text: string): void;
}
