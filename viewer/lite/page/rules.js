// The table of rules: the preparation job's own file, put beside the page when the file set is built.

export { default } from './rules.json' with { type: 'json' };
