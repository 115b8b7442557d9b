export * from './define-settings.js';
export * from './properties-file.js';
