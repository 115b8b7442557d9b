export { FiltersrvController, type FiltersrvDeps } from './filtersrv-controller.js';
export { type FiltersrvSettings, filtersrvSettings } from './settings.js';
