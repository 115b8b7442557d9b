import { setting, type ParsedValue } from '@mq/remoting/settings';

const PART = /^(?<topic>[^=]+)=(?<number>\d+)$/;

/** One number for all topics, and others for some by name: what a limit is set to. */
export class TopicNumbers {
  readonly #byTopic: ReadonlyMap<string, number>;

  /** @param ofAll the number of a topic that has none of its own; 0 means no limit */
  constructor(
    readonly ofAll: number,
    parts: readonly string[],
  ) {
    this.#byTopic = new Map(
      parts.flatMap((part) => {
        const { topic, number } = PART.exec(part)?.groups ?? {};
        return topic === undefined ? [] : [[topic.trim(), Number(number)] as const];
      }),
    );
  }

  /** False: no topic has a limit. */
  get isSet(): boolean {
    return this.ofAll > 0 || [...this.#byTopic.values()].some((number) => number > 0);
  }

  /** 0: no limit. */
  of(topic: string): number {
    return this.#byTopic.get(topic) ?? this.ofAll;
  }

  /** Topics with a number of their own. */
  get topics(): Iterable<string> {
    return this.#byTopic.keys();
  }
}

/** Declares a setting of the form `TopicA=100;TopicB=0`. */
export function topicNumbersSetting(options: { help: string; unit: string }) {
  const declared = setting.list({ default: [], mutable: true, ...options });
  return {
    ...declared,
    range: 'topic=number, separated by ;',
    parse(text: string): ParsedValue<readonly string[]> {
      const parsed = declared.parse(text);
      const wrong = parsed.ok ? parsed.value.find((part) => !PART.test(part)) : undefined;
      if (wrong === undefined) return parsed;
      return { ok: false, problem: `must be like TopicA=100;TopicB=0, and "${wrong}" is not` };
    },
  };
}
