export { default } from './dist/zapier/app.js';
