import { join } from 'node:path';

/**
 * A key and a certificate for localhost and 127.0.0.1, PEM files that nobody but tests trusts; the certificate is its own ca.
 * @param which `renewed`: another pair of the same names
 */
export function testCertificate(which: 'first' | 'renewed' = 'first'): {
  readonly keyPath: string;
  readonly certPath: string;
} {
  const folder = join(__dirname, '../../../packages/remoting/test/fixtures');
  const name = which === 'first' ? 'tls' : 'tls-renewed';
  return { keyPath: join(folder, `${name}-key.pem`), certPath: join(folder, `${name}-cert.pem`) };
}
