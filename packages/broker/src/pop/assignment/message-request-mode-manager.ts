import {
  decodeMessageRequestModeSerializeWrapper,
  encodeMessageRequestModeSerializeWrapper,
  type MessageRequestModeSerializeWrapper,
  type SetMessageRequestModeRequestBody,
} from '@mq/remoting/protocol';

import type { ConfigText } from '../../config/config-text.js';

/** Whether a group pulls or pops a topic (upstream: MessageRequestModeManager). */
export class MessageRequestModeManager {
  /** topic → group → mode. */
  readonly #modes = new Map<string, Map<string, SetMessageRequestModeRequestBody>>();
  readonly #file: ConfigText | undefined;

  /** @param file `config/messageRequestMode.json`; memory only when absent */
  constructor(file?: ConfigText) {
    this.#file = file;
  }

  /** Reads the file, if there is one. Throws when it cannot be read. */
  load(): void {
    const text = this.#file?.load();
    if (text === undefined) return;
    const { messageRequestModeMap } = decodeMessageRequestModeSerializeWrapper(text);
    for (const [topic, groups] of Object.entries(messageRequestModeMap)) {
      this.#modes.set(topic, new Map(Object.entries(groups)));
    }
  }

  find(topic: string, group: string): SetMessageRequestModeRequestBody | undefined {
    return this.#modes.get(topic)?.get(group);
  }

  /** On disk when this returns. Throws DiskError; the mode then counts until the broker stops. */
  set(mode: SetMessageRequestModeRequestBody): void {
    let groups = this.#modes.get(mode.topic);
    if (groups === undefined) this.#modes.set(mode.topic, (groups = new Map()));
    groups.set(mode.consumerGroup, mode);
    this.#file?.persist(
      encodeMessageRequestModeSerializeWrapper(this.serializeWrapper(), { pretty: true }).toString(),
    );
  }

  /** What is answered to slaves and written to the file. */
  serializeWrapper(): MessageRequestModeSerializeWrapper {
    const entries = Array.from(
      this.#modes,
      ([topic, groups]) => [topic, Object.fromEntries(groups)] as const,
    );
    return { messageRequestModeMap: Object.fromEntries(entries) };
  }
}
