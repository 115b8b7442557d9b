// Certificates are renewed while servers run (upstream: FileWatchService and the listeners of both controllers).
import type { Clock, Timer } from '../clock.js';
import type { Logger } from '../logger.js';
import type { ServerTlsOptions, TlsCertificate } from '../tls/tls-options.js';
import { readTls, type TlsSettings } from './tls-settings.js';

const PERIOD_MS = 500;

/** What a server's certificate is watched with. */
export interface TlsCertificateWatchOptions {
  /** Name the files. */
  readonly settings: TlsSettings;
  /** Bytes of a file, undefined when there is none. */
  readonly readFile: (path: string) => Buffer | undefined;
  /** What it serves now; nothing is watched where that is nothing. */
  readonly served: ServerTlsOptions | undefined;
  /** Is given what the files hold now. */
  readonly server: { replaceCertificate(options: TlsCertificate): void };
  /** Sets the pace: twice a second. */
  readonly clock: Clock;
  /** Told of every change, and once of files that cannot be used. */
  readonly logger: Logger;
}

/**
 * Looks at the files twice a second and serves what they hold as soon as key and certificate go together; live connections
 * stay as they are. Files that are missing or cannot be used (half of a pair, while the other one is being written) are told
 * once, and the former ones are served on.
 * @returns what ends it
 */
export function watchTlsCertificate(options: TlsCertificateWatchOptions): Timer {
  const { settings, readFile, server, clock, logger } = options;
  let { served } = options;
  if (served?.key === undefined) return { cancel: () => undefined };
  let problem = '';
  const look = (): void => {
    try {
      const found = readTls(settings, readFile).server;
      if (found === undefined || isSame(found, served)) return;
      server.replaceCertificate(found);
      served = found;
      problem = '';
      logger.info('other certificates are served from now on');
    } catch (error) {
      const { message } = error as Error;
      if (message === problem) return;
      problem = message;
      logger.warn('the certificate files have changed and cannot be used: the former ones are served', {
        error,
      });
    }
  };
  const timer = clock.setInterval(look, PERIOD_MS);
  timer.unref?.();
  return timer;
}

function isSame(found: ServerTlsOptions, served: ServerTlsOptions | undefined): boolean {
  return (['key', 'cert', 'ca'] as const).every((name) => String(found[name]) === String(served?.[name]));
}
