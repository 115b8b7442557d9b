export * from './logger.js';
export * from './clock.js';
export * from './turn.js';
export * from './errors.js';
export * from './command.js';
export * from './connection.js';
