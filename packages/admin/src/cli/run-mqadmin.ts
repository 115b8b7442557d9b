// The `mqadmin` command: Apache's names, options and tables, one sentence for whatever goes wrong.
import { isRemotingError } from '@mq/remoting';
import { asAdminError, isAdminError } from '../errors.js';
import { MQAdmin } from '../mq-admin.js';
import type { Command, CommandContext } from './command.js';
import { mqadminHost, type MqadminHost } from './mqadmin-host.js';
import { commandHelp, parseCommandLine } from './command-line.js';
import { commands, commandNamed } from './command-table.js';
import { notServed } from './not-served.js';
import { Output } from './output.js';
import { printf } from './printf.js';
import { tlsOf, tlsOptions } from './tls-options.js';
import { UsageError } from '@mq/remoting/settings';

/** Runs one command; resolves with the exit code: 0, or 1 when it, or part of it, failed. */
export async function runMqadmin(
  args: readonly string[],
  host: MqadminHost = mqadminHost(),
): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || (isHelp(name) && rest[0] === undefined)) {
    host.out(overview());
    return 0;
  }
  const wanted = isHelp(name) ? (rest[0] as string) : name;
  const command = commandNamed(wanted);
  if (command === undefined) return refuse(host, whyUnknown(wanted));
  if (isHelp(name)) {
    host.out(commandHelp(command));
    return 0;
  }
  try {
    return await runCommand(command, rest, host);
  } catch (error) {
    return refuse(host, `${command.name}: ${sentenceOf(error, command)}`);
  }
}

async function runCommand(command: Command, args: readonly string[], host: MqadminHost): Promise<number> {
  const { help, nameServers, asJson, tls, given } = parseCommandLine(command, args);
  if (help !== undefined) {
    host.out(help);
    return 0;
  }
  const out = new Output(host);
  await using admin = new MQAdmin({
    nameServers: nameServers ?? host.env['NAMESRV_ADDR'] ?? '',
    tls: tlsOf(tls, host.readFile),
  });
  const context: CommandContext = { admin, host, out };
  await command.execute(given, context, asJson);
  return out.hasProblems ? 1 : 0;
}

const isHelp = (name: string): boolean => /^(help|-h|--help)$/.test(name);

function overview(): string {
  const lines = commands.map(({ name, summary }) => printf('   %-35s %s%n', name, summary));
  return [
    'The most commonly used mqadmin commands are:\n',
    ...lines,
    '\nOptions of every command, for servers that talk TLS:\n',
    ...tlsOptions.map(({ long, takesValue, help }) =>
      printf('   %-35s %s%n', `--${long}${takesValue ? ' <arg>' : ''}`, help),
    ),
    "\nSee 'mqadmin help <command>' for more information on a specific command.\n",
  ].join('');
}

function whyUnknown(name: string): string {
  return notServed.has(name.toLowerCase())
    ? `this version does not serve the command ${name}`
    : `there is no command ${name}, 'mqadmin help' lists those there are`;
}

function refuse(host: MqadminHost, sentence: string): number {
  host.err(`mqadmin: ${sentence}\n`);
  return 1;
}

function sentenceOf(cause: unknown, { name }: Command): string {
  const error = asAdminError(cause);
  if (error instanceof UsageError) return `${error.message} ('mqadmin help ${name}' lists the options)`;
  if (isAdminError(error) && error.code === 'NO_NAME_SERVER') {
    return 'no NameServer is known, give -n <addresses> or set NAMESRV_ADDR';
  }
  if (error instanceof Error && (isAdminError(error) || isRemotingError(error) || 'syscall' in error)) {
    return error.message;
  }
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
