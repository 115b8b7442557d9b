// Public door of `@mq/remoting/settings`: declared settings, properties files, and the commands of servers built on them.
export * from './config-file.js';
export * from './define-settings.js';
export * from './properties-file.js';
export * from './setting.js';
export * from './tls-settings.js';
export * from './tls-certificate-watch.js';
export * from './server-command.js';
export * from './serialize-type-setting.js';
