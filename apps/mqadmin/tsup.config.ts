import { appConfig } from '../../tools/tsup.mjs';

export default appConfig({ entry: { mqadmin: 'src/main.ts' } });
