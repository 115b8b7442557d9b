import { readFileSync } from 'node:fs';
import { describeGolden, goldenPath } from '@mq-tools/testing';
import { LanguageCode, languageCode, languageName } from './language.js';
import { PullSysFlag, TopicSysFlag } from './names.js';
import { PermName } from './perm.js';
import { DLedgerRequestCode, RequestCode, requestCodeName } from './request-code.js';
import { ResponseCode, responseCodeName } from './response-code.js';
import { CURRENT_VERSION, MQVersion, versionName, versionOrdinal } from './version.js';

/** Request codes of 4.9.7 that 5.3.3 has no longer. */
const ONLY_IN_4 = {
  UPDATE_AND_CREATE_ACL_CONFIG: 50,
  DELETE_ACL_CONFIG: 51,
  GET_BROKER_CLUSTER_ACL_INFO: 52,
  UPDATE_GLOBAL_WHITE_ADDRS_CONFIG: 53,
  GET_BROKER_CLUSTER_ACL_CONFIG: 54,
};

interface Codes {
  RequestCode: Record<string, number>;
  ResponseCode: Record<string, number>;
  RemotingSysResponseCode: Record<string, number>;
  PullSysFlag: Record<string, number>;
  TopicSysFlag: Record<string, number>;
  PermName: Record<string, number>;
  LanguageCode: Record<string, number>;
  MQVersion_ordinals: Record<string, number>;
  MQVersion_CURRENT_VERSION: number;
  versionDesc: { version: number; desc: string }[];
}

describeGolden('codes and flags of Java 5.3.3', () => {
  const codes = JSON.parse(readFileSync(goldenPath('misc/codes.json'), 'utf8')) as Codes;
  const isPerm = ([name]: [string, number]): boolean => name.startsWith('PERM_');

  test.each<[name: string, ours: object, theirs: object]>([
    ['request codes', RequestCode, { ...codes.RequestCode, ...ONLY_IN_4 }],
    ['response codes', ResponseCode, { ...codes.ResponseCode, ...codes.RemotingSysResponseCode }],
    ['pull flags', PullSysFlag, codes.PullSysFlag],
    ['topic flags', TopicSysFlag, codes.TopicSysFlag],
    ['permissions', PermName, Object.fromEntries(Object.entries(codes.PermName).filter(isPerm))],
    ['languages', LanguageCode, codes.LanguageCode],
  ])('%s are the same, none missing, none more', (_, ours, theirs) => {
    expect(ours).toEqual(theirs);
  });

  test('every version has its ordinal', () => {
    const names = Object.entries(codes.MQVersion_ordinals);
    expect(names).toHaveLength(613);
    for (const [name, ordinal] of names) expect(versionName(ordinal)).toBe(name);
    for (const { version, desc } of codes.versionDesc) expect(versionName(version)).toBe(desc);
    for (const [name, ordinal] of Object.entries(MQVersion)) expect(versionName(ordinal)).toBe(name);
    expect(CURRENT_VERSION).toBe(codes.MQVersion_CURRENT_VERSION);
  });
});

test('codes, languages and versions are found by either end', () => {
  expect(requestCodeName(RequestCode.SEND_MESSAGE_V2)).toBe('SEND_MESSAGE_V2');
  expect(requestCodeName(DLedgerRequestCode.VOTE)).toBe('DLEDGER_VOTE');
  expect(requestCodeName(7)).toBe('UNKNOWN(7)');
  expect(responseCodeName(-1006)).toBe('RPC_TIME_OUT');
  expect(responseCodeName(999)).toBe('UNKNOWN(999)');
  expect(languageName(12)).toBe('RUST');
  expect(languageName(99)).toBeUndefined();
  expect(languageCode('GO')).toBe(9);
  expect(languageCode('constructor')).toBe(LanguageCode.OTHER);
  expect(versionOrdinal('V5_3_3')).toBe(479);
  expect(versionOrdinal('V9_9_9')).toBeUndefined();
  expect(versionName(-1)).toBe('V3_0_0_SNAPSHOT');
});
