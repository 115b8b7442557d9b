import { consoleLogger } from './logger.js';

describe('a console logger', () => {
  const lines: string[] = [];
  const logger = consoleLogger({
    level: 'info',
    write: (line) => void lines.push(line.replace(/^\S+ /, '')),
  });
  beforeEach(() => lines.splice(0));

  test('writes one line a record from its level on, with the names of its children', () => {
    logger.debug('not this');
    logger.child('broker').child('send').warn('refused', { code: 3, remote: '127.0.0.1:9', none: undefined });
    expect(lines).toEqual(['WARN broker.send refused code=3 remote=127.0.0.1:9']);
  });

  test('escapes and cuts what a peer may have chosen, so that no text forges a line', () => {
    logger.info('seen', { topic: 'a\nERROR forged', name: 'ü', long: 'x'.repeat(600) });
    expect(lines).toEqual([`INFO seen topic="a\\nERROR forged" name="\\u00fc" long=${'x'.repeat(512)}...`]);
  });

  test('writes errors with their causes, and what cannot be printed as such', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    logger.error('failed', { error: new Error('outer', { cause: new Error('inner') }), circular });
    expect(lines).toEqual(['ERROR failed error="outer (cause: inner)" circular=[unprintable]']);
  });
});
