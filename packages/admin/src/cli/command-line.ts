// From arguments to a command and its options, with commander.
import { Command as Parser, CommanderError, Option } from 'commander';
import type { Command, GivenOptions } from './command.js';
import { tlsOptions } from './tls-options.js';
import { UsageError } from '@mq/remoting/settings';

/** A parsed command line; `help` holds the text that was asked for instead. */
export interface ParsedLine {
  readonly help?: string;
  readonly nameServers: string | undefined;
  readonly asJson: boolean;
  /** Those of `tlsOptions`, by their long names. */
  readonly tls: GivenOptions;
  readonly given: GivenOptions;
}

const NAME_SERVER_HELP = "Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'";

/** What `mqadmin help <command>` prints. */
export const commandHelp = (command: Command): string => parserOf(command).helpInformation();

/** Parses what follows a command's name. @throws UsageError */
export function parseCommandLine(command: Command, args: readonly string[]): ParsedLine {
  const parser = parserOf(command);
  try {
    parser.parse(withDoubleDashes(command, args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(error.message.replace(/^error: /, ''));
  }
  const values = parser.opts<Record<string, string | true | undefined>>();
  const given = Object.fromEntries(
    Object.entries(command.options).map(([key, { long }]) => [key, values[attributeOf(long)]]),
  );
  const { namesrvAddr, json, help } = values;
  return {
    ...(help === true ? { help: parser.helpInformation() } : {}),
    nameServers: typeof namesrvAddr === 'string' ? namesrvAddr : undefined,
    asJson: json === true,
    tls: Object.fromEntries(tlsOptions.map(({ long }) => [long, values[long]])),
    given,
  };
}

function parserOf(command: Command): Parser {
  const parser = new Parser(`mqadmin ${command.name}`)
    .description(command.summary)
    .helpOption(false)
    // Upstream ignores what it does not expect, as in `consumerStatus -s true`.
    .allowExcessArguments(true)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    .option('-h, --help', 'Print help')
    .option('-n, --namesrvAddr <arg>', NAME_SERVER_HELP);
  for (const { long, help, takesValue } of tlsOptions) {
    // The one that everybody needs is shown with each command, the others by `mqadmin help`.
    const option = new Option(`--${long}${takesValue ? ' <arg>' : ''}`, help);
    parser.addOption(option.hideHelp(takesValue));
  }
  for (const { short, long, help, takesValue, isRequired } of Object.values(command.options)) {
    const flags = `${short === undefined ? '' : `-${short}, `}--${long}${takesValue ? ' <arg>' : ''}`;
    // Required ones are checked after --help was looked at: asking for help needs no options.
    parser.addOption(new Option(flags, isRequired ? `${help} (required)` : help));
  }
  if (command.printsJson) parser.option('--json', 'Print the result as JSON');
  return parser;
}

const attributeOf = (long: string): string => new Option(`--${long}`).attributeName();

/** Upstream's parser takes long options with one dash too: `-topic T`. */
function withDoubleDashes(command: Command, args: readonly string[]): string[] {
  const ofAll = ['help', 'namesrvAddr', ...tlsOptions.map(({ long }) => long)];
  const longs = new Set([...ofAll, ...Object.values(command.options).map(({ long }) => long)]);
  return args.map((arg) => {
    const name = /^-([A-Za-z]{2,})(?:=|$)/.exec(arg)?.[1];
    return name !== undefined && longs.has(name) ? `-${arg}` : arg;
  });
}
