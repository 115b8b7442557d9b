// Public door of `@mq/remoting/settings`: declared settings and Java's properties files.
export * from './define-settings.js';
export * from './properties-file.js';
export * from './setting.js';
export * from './tls-settings.js';
