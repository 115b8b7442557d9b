import { bean, jsonBody, table, text, type BodyOf } from './shape.js';

const kvTable = bean({ table: table(text) });
/** Strings by name: runtime info (28), KV namespaces (219), the order topics a registration is answered with (103). */
export type KVTable = BodyOf<typeof kvTable>;
export const { encode: encodeKVTable, decode: decodeKVTable } = jsonBody('KVTable', kvTable);

const kvConfigSerializeWrapper = bean({ configTable: table(table(text)) });
/** The NameServer's file `kvConfig.json`: values by namespace and key. */
export type KVConfigSerializeWrapper = BodyOf<typeof kvConfigSerializeWrapper>;
export const { encode: encodeKVConfigSerializeWrapper, decode: decodeKVConfigSerializeWrapper } = jsonBody(
  'KVConfigSerializeWrapper',
  kvConfigSerializeWrapper,
);
