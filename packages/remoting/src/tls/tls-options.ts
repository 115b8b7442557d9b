import type { SecureVersion } from 'node:tls';
import { RemotingError } from '../errors.js';

/** PEM text or bytes; several may follow each other in one. */
export type Pem = string | Buffer;

/**
 * How a server treats TLS on its port (upstream `tls.server.mode`). `disabled`: a TLS hello is refused.
 * `permissive`: whoever starts with TLS gets it, others talk plain. `enforcing`: plain text is refused.
 */
export type TlsMode = 'disabled' | 'permissive' | 'enforcing';

/** TLS of a listening port, shared with plain text unless `enforcing`. */
export interface ServerTlsOptions {
  /** Whether TLS is refused, possible or required. */
  mode: TlsMode;
  /** Private key and certificate chain; needed unless `disabled`. There is no built-in test certificate. */
  key?: Pem;
  /** Certificate chain that belongs to `key`. */
  cert?: Pem;
  /** Of `key`; absent when it is not encrypted. */
  passphrase?: string;
  /** Certificates that sign the clients' ones. */
  ca?: Pem;
  /** Whether clients must show a certificate that `ca` signed (upstream `tls.server.need.client.auth`); default `none`. */
  clientAuth?: 'none' | 'optional' | 'require';
  /** Default TLSv1.2, which is also the least allowed. */
  minVersion?: SecureVersion;
  /** Milliseconds a handshake may take; default 10000. */
  handshakeTimeoutMs?: number;
}

/** What a server may be given anew while it runs. */
export type TlsCertificate = Pick<ServerTlsOptions, 'key' | 'cert' | 'passphrase' | 'ca'>;

/** TLS towards servers. */
export interface ClientTlsOptions {
  /** Certificates that sign the servers' ones; default: those the platform trusts. */
  ca?: Pem;
  /** Own certificate and key, where servers ask for one. */
  key?: Pem;
  /** Certificate chain that belongs to `key`. */
  cert?: Pem;
  /** Of `key`; absent when it is not encrypted. */
  passphrase?: string;
  /** False accepts any server certificate: only for tests and closed networks. Default true. */
  rejectUnauthorized?: boolean;
  /** Name the server's certificate must carry; default the host of the address. */
  servername?: string;
  /** Default TLSv1.2, which is also the least allowed. */
  minVersion?: SecureVersion;
}

const allowedVersions: ReadonlySet<SecureVersion> = new Set<SecureVersion>(['TLSv1.2', 'TLSv1.3']);

/** @throws RemotingError `TLS` for settings that cannot work or are not safe. */
export function leastTlsVersion(minVersion: SecureVersion | undefined): SecureVersion {
  const version = minVersion ?? 'TLSv1.2';
  if (!allowedVersions.has(version))
    throw new RemotingError('TLS', `TLS versions below 1.2 are not offered: ${version}`);
  return version;
}
