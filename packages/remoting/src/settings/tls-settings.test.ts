import { defineSettings } from './define-settings.js';
import { readTls, tlsSettings, type TlsSettings } from './tls-settings.js';

const declared = defineSettings(tlsSettings);
const KEY = Buffer.from('key');
const CERT = Buffer.from('cert');
const CA = Buffer.from('ca');
const FILES: Readonly<Record<string, Buffer>> = {
  '/key': KEY,
  '/cert': CERT,
  '/ca': CA,
  '/tls.properties': Buffer.from(
    'tls.test.mode.enable=false\ntls.server.keyPath=/key\ntls.server.certPath=/cert\ntls.client.authServer=false\n',
  ),
  '/bad.properties': Buffer.from('tls.server.need.client.auth=perhaps\n'),
};
const PAIR = { 'tls.server.keyPath': '/key', 'tls.server.certPath': '/cert' };

const tlsOf = (given: Record<string, string>) => {
  const { values, problems } = declared.parse(given);
  expect(problems).toEqual([]);
  return readTls(values as TlsSettings, (path) => FILES[path]);
};

describe('TLS settings of a server', () => {
  test('ask for plain text alone until there is a certificate', () => {
    expect(tlsOf({})).toEqual({ server: undefined, client: false });
  });

  test('serve TLS beside plain text once there is one, or TLS alone', () => {
    const server = { mode: 'permissive', key: KEY, cert: CERT, clientAuth: 'none' };
    expect(tlsOf(PAIR)).toEqual({ server, client: false });
    const enforcing = tlsOf({ ...PAIR, 'tls.server.mode': 'enforcing', 'tls.server.keyPassword': 'p' });
    expect(enforcing.server).toEqual({ ...server, mode: 'enforcing', passphrase: 'p' });
    expect(tlsOf({ ...PAIR, 'tls.server.mode': 'disabled' }).server).toEqual({ mode: 'disabled' });
  });

  test('ask clients for certificates', () => {
    const auth = { 'tls.server.need.client.auth': 'require', 'tls.server.trustCertPath': '/ca' };
    expect(tlsOf({ ...PAIR, ...auth }).server).toMatchObject({ clientAuth: 'require', ca: CA });
  });

  test.each<[string, Record<string, string>]>([
    ['when tls.enable says so', { 'tls.enable': 'true' }],
    ['when useTLS says so', { useTLS: 'true' }],
    ['when it takes nothing but TLS itself', { ...PAIR, 'tls.server.mode': 'enforcing' }],
  ])('talk TLS to other servers %s, and check their certificates', (_when, given) => {
    expect(tlsOf({ ...given, 'tls.client.trustCertPath': '/ca' }).client).toEqual({
      ca: CA,
      rejectUnauthorized: true,
    });
  });

  test('talk plain text to other servers when told so', () => {
    expect(tlsOf({ ...PAIR, 'tls.server.mode': 'enforcing', 'tls.enable': 'false' }).client).toBe(false);
  });

  test('are taken from a tls.properties file of Apache’s, which wins', () => {
    const tls = tlsOf({
      'tls.config.file': '/tls.properties',
      'tls.server.keyPath': '/other',
      useTLS: 'true',
    });
    expect(tls.server).toMatchObject({ mode: 'permissive', key: KEY, cert: CERT });
    expect(tls.client).toEqual({ rejectUnauthorized: false });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      'enforcing without a certificate',
      { 'tls.server.mode': 'enforcing' },
      /enforcing needs both tls\.server\.key/,
    ],
    ['a key without a certificate', { 'tls.server.keyPath': '/key' }, /needs both/],
    ['a file that is not there', { 'tls.server.keyPath': '/nowhere' }, /tls\.server\.keyPath: .* \/nowhere/],
    [
      'client certificates without a ca',
      { ...PAIR, 'tls.server.need.client.auth': 'require' },
      /trustCertPath/,
    ],
    [
      'a bad tls.properties',
      { 'tls.config.file': '/bad.properties' },
      /\/bad\.properties: .*must be one of none/,
    ],
  ])('refuse %s in a sentence', (_what, given, sentence) => {
    expect(() => tlsOf(given)).toThrow(
      expect.objectContaining({ code: 'TLS', message: expect.stringMatching(sentence) }),
    );
  });

  test('never show a password', () => {
    const { values } = declared.parse({ 'tls.server.keyPassword': 'open sesame' });
    expect(declared.toProperties(values)).not.toContain('sesame');
    expect(declared.toProperties(values, { showSecrets: true })).toContain(
      'tls.server.keyPassword=open sesame\n',
    );
  });
});
