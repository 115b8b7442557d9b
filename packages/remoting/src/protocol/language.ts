/** LanguageCode of a peer: the name travels in JSON headers, the number in ROCKETMQ headers. `NODE_JS` is 5.x only. */
export const LanguageCode = {
  JAVA: 0,
  CPP: 1,
  DOTNET: 2,
  PYTHON: 3,
  DELPHI: 4,
  ERLANG: 5,
  RUBY: 6,
  OTHER: 7,
  HTTP: 8,
  GO: 9,
  PHP: 10,
  OMS: 11,
  RUST: 12,
  NODE_JS: 13,
} as const;

/** Name of a language a peer is written in; upstream's `LanguageCode`. */
export type LanguageName = keyof typeof LanguageCode;

const nameByCode = Object.keys(LanguageCode) as LanguageName[];

/** Name of a language number; `undefined` for a number nobody defines (Java decodes that to null). */
export function languageName(code: number): LanguageName | undefined {
  return nameByCode[code];
}

/** Number of a language name; names nobody defines are `OTHER`, so that a header can always be written. */
export function languageCode(name: string): number {
  return Object.hasOwn(LanguageCode, name) ? LanguageCode[name as LanguageName] : LanguageCode.OTHER;
}
