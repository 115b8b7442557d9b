import { join } from 'node:path';

/** A key and a certificate for localhost and 127.0.0.1, PEM files that nobody but tests trusts; the certificate is its own ca. */
export function testCertificate(): { readonly keyPath: string; readonly certPath: string } {
  const folder = join(__dirname, '../../../packages/remoting/test/fixtures');
  return { keyPath: join(folder, 'tls-key.pem'), certPath: join(folder, 'tls-cert.pem') };
}
