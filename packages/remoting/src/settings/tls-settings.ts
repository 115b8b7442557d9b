// TLS of a server process: upstream's TlsSystemConfig. Apache takes these from JVM properties and /etc/rocketmq/tls.properties;
// here they stand in the server's properties file, and a tls.properties file of Apache's is read as well.
//
// Different on purpose: there is no built-in test certificate (tls.test.mode.enable), certificates that are asked for are
// always checked (tls.server.authClient), and servers' certificates are checked unless that is switched off
// (tls.client.authServer; Apache: off).
import { RemotingError } from '../errors.js';
import type { ClientTlsOptions, ServerTlsOptions } from '../tls/tls-options.js';
import { defineSettings, type SettingProblem, type SettingValues } from './define-settings.js';
import { parsePropertiesFile } from './properties-file.js';
import { setting } from './setting.js';

const path = (help: string) => setting.string({ default: '', help });
const password = (help: string) => setting.string({ default: '', help, secret: true });

/** What a tls.properties file may hold (upstream: TlsHelper#extractTlsConfigFromFile). */
const tlsFileSettings = {
  'tls.server.keyPath': path(
    'Private key of this server, PEM. Without key and certificate it talks plain text.',
  ),
  'tls.server.keyPassword': password('Password of that key.'),
  'tls.server.certPath': path('Certificate chain of this server, PEM.'),
  'tls.server.need.client.auth': setting.oneOf(['none', 'optional', 'require'], {
    default: 'none',
    help: 'Whether clients are asked for a certificate; one that is shown must be signed by tls.server.trustCertPath.',
  }),
  'tls.server.trustCertPath': path('Certificates that sign the clients’ ones, PEM.'),
  'tls.server.authClient': setting.boolean({
    default: true,
    help: 'Accepted for compatibility, no effect: a certificate that is asked for is always checked.',
  }),
  'tls.client.keyPath': path('Private key shown to other servers that ask for a certificate, PEM.'),
  'tls.client.keyPassword': password('Password of that key.'),
  'tls.client.certPath': path('Certificate chain shown to other servers, PEM.'),
  'tls.client.trustCertPath': path(
    'Certificates that sign other servers’ ones, PEM; empty: those the platform trusts.',
  ),
  'tls.client.authServer': setting.boolean({
    default: true,
    help: 'Check the certificates of other servers (Apache: false).',
  }),
  'tls.test.mode.enable': setting.boolean({
    default: false,
    help: 'Accepted for compatibility, no effect: there is no built-in test certificate.',
  }),
};

/** Declarations to be spread into the settings of a server. */
export const tlsSettings = {
  'tls.server.mode': setting.oneOf(['disabled', 'permissive', 'enforcing'], {
    default: 'permissive',
    help: 'TLS on the listening ports. permissive: beside plain text, once there is a certificate; enforcing: TLS alone.',
  }),
  'tls.enable': setting.oneOf(['', 'true', 'false'], {
    default: '',
    help: 'Talk TLS to other servers. Empty: when tls.server.mode is enforcing.',
  }),
  useTLS: setting.boolean({ default: false, help: 'The same as tls.enable=true.' }),
  'tls.config.file': setting.string({
    default: '/etc/rocketmq/tls.properties',
    help: 'File of the settings below, as Apache has it; read when it is there, and what it says wins.',
  }),
  ...tlsFileSettings,
};

const tlsFile = defineSettings(tlsFileSettings);

/** Values of the TLS settings, complete and checked. */
export type TlsSettings = SettingValues<typeof tlsSettings>;

/** TLS of one server process: towards those who connect to it, and towards servers it connects to. */
export interface TlsOfServer {
  /** Undefined: plain text. */
  readonly server: ServerTlsOptions | undefined;
  /** False: plain text. */
  readonly client: ClientTlsOptions | false;
}

/**
 * Reads what the settings name.
 * @param readFile bytes of a file, undefined when there is none
 * @throws RemotingError `TLS` with a sentence that names the setting and the file
 */
export function readTls(given: TlsSettings, readFile: (path: string) => Buffer | undefined): TlsOfServer {
  const settings = { ...given, ...readTlsFile(given['tls.config.file'], readFile) };
  const pem = (name: PathSetting): Buffer | undefined => readPem(name, settings[name], readFile);
  return { server: serverTls(settings, pem), client: clientTls(settings, pem) };
}

type PathSetting = Extract<keyof TlsSettings, `${string}Path`>;
type ReadPem = (name: PathSetting) => Buffer | undefined;

function serverTls(settings: TlsSettings, pem: ReadPem): ServerTlsOptions | undefined {
  const mode = settings['tls.server.mode'];
  if (mode === 'disabled') return { mode };
  const key = pem('tls.server.keyPath');
  const cert = pem('tls.server.certPath');
  if (key === undefined && cert === undefined && mode === 'permissive') return undefined;
  if (key === undefined || cert === undefined) {
    throw tlsError(`tls.server.mode=${mode} needs both tls.server.keyPath and tls.server.certPath`);
  }
  const ca = pem('tls.server.trustCertPath');
  const clientAuth = settings['tls.server.need.client.auth'];
  if (clientAuth !== 'none' && ca === undefined) {
    throw tlsError(`tls.server.need.client.auth=${clientAuth} needs tls.server.trustCertPath`);
  }
  const passphrase = settings['tls.server.keyPassword'];
  return { mode, key, cert, clientAuth, ...defined({ ca, passphrase: passphrase || undefined }) };
}

function clientTls(settings: TlsSettings, pem: ReadPem): ClientTlsOptions | false {
  const isEnabled =
    settings['tls.enable'] === ''
      ? settings.useTLS || settings['tls.server.mode'] === 'enforcing'
      : settings['tls.enable'] === 'true' || settings.useTLS;
  if (!isEnabled) return false;
  return defined({
    ca: pem('tls.client.trustCertPath'),
    key: pem('tls.client.keyPath'),
    cert: pem('tls.client.certPath'),
    passphrase: settings['tls.client.keyPassword'] || undefined,
    rejectUnauthorized: settings['tls.client.authServer'],
  });
}

function readTlsFile(file: string, readFile: (path: string) => Buffer | undefined): Partial<TlsSettings> {
  const bytes = file === '' ? undefined : readFile(file);
  if (bytes === undefined) return {};
  const properties = parsePropertiesFile(bytes);
  const { values, problems } = tlsFile.parse(properties);
  if (problems.length > 0) throw tlsError(`${file}: ${sentences(problems)}`);
  return Object.fromEntries(Object.entries(values).filter(([name]) => properties.has(name)));
}

function readPem(
  name: string,
  file: string,
  readFile: (path: string) => Buffer | undefined,
): Buffer | undefined {
  if (file === '') return undefined;
  const bytes = readFile(file);
  if (bytes === undefined) throw tlsError(`${name}: there is no file ${file}`);
  return bytes;
}

const sentences = (problems: readonly SettingProblem[]): string =>
  problems.map(({ text }) => text).join('; ');
const tlsError = (message: string): RemotingError => new RemotingError('TLS', message);

/** Without the members that are undefined. */
function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
