// What a package.json promises, held against the files that are in the tarball.

/** Public module paths of a manifest, `./package.json` left out, with all files they point at (sources included). */
export function targetsOf(manifest) {
  return Object.entries(manifest.exports)
    .filter(([subpath]) => subpath !== './package.json')
    .map(([subpath, conditions]) => ({ subpath, files: filesOf(conditions) }));
}

function filesOf(conditions) {
  return typeof conditions === 'string' ? [conditions] : Object.values(conditions).flatMap(filesOf);
}

/**
 * Sentences about what is missing from, or does not belong into, a tarball.
 * @param {string[]} packed paths inside the tarball
 * @returns {string[]}
 */
export function packedFileProblems(manifest, packed) {
  const has = new Set(packed);
  const promised = [
    ...targetsOf(manifest).flatMap(({ files }) => files),
    ...Object.values(manifest.bin ?? {}),
    manifest.main,
    manifest.types,
  ].map((file) => file.replace(/^\.\//, ''));
  const missing = [...new Set([...promised, 'README.md', 'LICENSE'])].filter((file) => !has.has(file));
  const unwanted = packed.filter((file) =>
    /\.test\.|\.tsbuildinfo$|^(test|out-tsc|node_modules)\//.test(file),
  );
  return [
    ...missing.map((file) => `missing: ${file}`),
    ...unwanted.map((file) => `does not belong: ${file}`),
  ];
}
