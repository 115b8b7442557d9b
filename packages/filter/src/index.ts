export { addToBits, BloomFilter, type BloomFilterData, mayBeInBits } from './bloom/bloom-filter.js';
export { type PropertySource, SqlResult } from './sql92/compile.js';
export { SqlFilter } from './sql92/sql-filter.js';
export { SqlFilterCache } from './sql92/sql-filter-cache.js';
export type { SqlDialect } from './sql92/sql-dialect.js';
export { SqlSyntaxError } from './sql92/sql-syntax-error.js';
