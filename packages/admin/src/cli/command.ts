import type { MQAdmin } from '../mq-admin.js';
import type { MqadminHost } from './mqadmin-host.js';
import { toJson } from './json-output.js';
import type { OptionTable, OptionValues } from './option.js';
import type { Output } from './output.js';

/** What a running command has. */
export interface CommandContext {
  readonly admin: MQAdmin;
  readonly host: MqadminHost;
  readonly out: Output;
}

/** Texts of the options as they were given, by their key in the option table. */
export type GivenOptions = Readonly<Record<string, string | true | undefined>>;

/** A command as the command line sees it. */
export interface Command {
  readonly name: string;
  /** One sentence, upstream's. */
  readonly summary: string;
  readonly options: OptionTable;
  /** Whether `--json` is understood. */
  readonly printsJson: boolean;
  execute(given: GivenOptions, context: CommandContext, asJson: boolean): Promise<void>;
}

/** A command as it is written: it finds something out and shows it, or does something and says so. */
export interface CommandDefinition<S extends OptionTable, D> {
  readonly name: string;
  readonly summary: string;
  readonly options: S;
  /** Does the work. What it returns is what `print` shows, and what `--json` prints. */
  run(options: OptionValues<S>, context: CommandContext): Promise<D>;
  /** Shows the result as upstream does; absent for a command that prints while it works. */
  print?(result: D, context: CommandContext, options: OptionValues<S>): void;
  /** Seconds between repetitions; undefined: once. */
  intervalSeconds?(options: OptionValues<S>): number | undefined;
}

/** Makes a definition a command. */
export function defineCommand<const S extends OptionTable, D>(definition: CommandDefinition<S, D>): Command {
  const { name, summary, options } = definition;

  async function execute(given: GivenOptions, context: CommandContext, asJson: boolean): Promise<void> {
    const values = parseOptions(options, given);
    const seconds = definition.intervalSeconds?.(values);
    do {
      const result = await definition.run(values, context);
      if (asJson) context.out.text(`${toJson(result)}\n`);
      else definition.print?.(result, context, values);
    } while (seconds !== undefined && (await context.host.pause(seconds * 1000)));
  }

  return { name, summary, options, printsJson: definition.print !== undefined, execute };
}

function parseOptions<S extends OptionTable>(table: S, given: GivenOptions): OptionValues<S> {
  const entries = Object.entries(table).map(([key, option]) => [key, option.parse(given[key])]);
  return Object.fromEntries(entries) as OptionValues<S>;
}
