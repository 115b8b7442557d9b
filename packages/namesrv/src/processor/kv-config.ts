// PUT_KV_CONFIG, GET_KV_CONFIG, DELETE_KV_CONFIG, GET_KVLIST_BY_NAMESPACE.
import { RemotingCommand } from '@mq/remoting';
import {
  DeleteKVConfigRequestHeader,
  GetKVConfigRequestHeader,
  GetKVConfigResponseHeader,
  GetKVListByNamespaceRequestHeader,
  PutKVConfigRequestHeader,
  ResponseCode,
  encodeKVTable,
} from '@mq/remoting/protocol';
import type { NamesrvProcessor } from './namesrv-processor.js';

export const putKVConfig: NamesrvProcessor = ({ kvConfig }, request) => {
  const { namespace, key, value } = PutKVConfigRequestHeader.decode(request.extFields);
  kvConfig.put(namespace, key, value);
  return RemotingCommand.response(ResponseCode.SUCCESS);
};

export const getKVConfig: NamesrvProcessor = ({ kvConfig }, request) => {
  const { namespace, key } = GetKVConfigRequestHeader.decode(request.extFields);
  const value = kvConfig.get(namespace, key);
  if (value === undefined) {
    return RemotingCommand.response(
      ResponseCode.QUERY_NOT_FOUND,
      `No config item, Namespace: ${namespace} Key: ${key}`,
    );
  }
  return RemotingCommand.response(
    ResponseCode.SUCCESS,
    undefined,
    GetKVConfigResponseHeader.encode({ value }),
  );
};

export const deleteKVConfig: NamesrvProcessor = ({ kvConfig }, request) => {
  const { namespace, key } = DeleteKVConfigRequestHeader.decode(request.extFields);
  kvConfig.delete(namespace, key);
  return RemotingCommand.response(ResponseCode.SUCCESS);
};

export const getKVListByNamespace: NamesrvProcessor = ({ kvConfig }, request) => {
  const { namespace } = GetKVListByNamespaceRequestHeader.decode(request.extFields);
  const entries = kvConfig.list(namespace);
  if (entries === undefined) {
    return RemotingCommand.response(ResponseCode.QUERY_NOT_FOUND, `No config item, Namespace: ${namespace}`);
  }
  const body = encodeKVTable({ table: Object.fromEntries(entries) });
  return RemotingCommand.response(ResponseCode.SUCCESS, undefined, undefined, body);
};
