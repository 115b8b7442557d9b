import type { ConfigText } from '../config/config-text.js';

/** A configuration file in memory. For tests of this package. */
export class MemoryText implements ConfigText {
  writes = 0;
  /** Thrown by the next write. */
  failure: Error | undefined;

  constructor(public text?: string) {}

  load(): string | undefined {
    return this.text;
  }

  persist(text: string): void {
    if (this.failure !== undefined) throw this.failure;
    this.text = text;
    this.writes++;
  }
}
