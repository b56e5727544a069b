// Bundles the service in the current directory into one file, dist/<name>.js, that needs nothing but Node >= 22.19.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { root } from './steps.ts';

const settings: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node22.19',
  format: 'esm',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
};

const pattern = /new URL\(\s*'(\.\.?\/[^']+\.ts)',\s*import\.meta\.url,?\s*\)/g;

/**
 * Programs of its own that a package starts (worker threads, the guard process) are written as
 * `new URL('./x.ts', import.meta.url)`. In the bundle each becomes a data: URL that holds the bundled program, but for the
 * program that is bundled itself, which is in the file already.
 */
const inlinePrograms: Plugin = {
  name: 'inline-programs',
  setup(context) {
    context.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      let contents = await readFile(path, 'utf8');
      for (const [match, relative] of [...contents.matchAll(pattern)]) {
        const program = join(dirname(path), relative!);
        if ([context.initialOptions.entryPoints].flat().includes(program)) {
          contents = contents.replace(match, 'new URL(import.meta.url)');
          continue;
        }
        const result = await build({ ...settings, minify: true, entryPoints: [program], write: false });
        const code = Buffer.from(result.outputFiles![0]!.contents).toString('base64');
        contents = contents.replace(match, `new URL('data:text/javascript;base64,${code}')`);
      }
      return { contents, loader: 'ts' };
    });
  },
};

/** etcd3 reads its rpc.proto from its own directory when it starts. The bundle holds what it would have read, as protobufjs' JSON. */
const inlineEtcdProto: Plugin = {
  name: 'inline-etcd-proto',
  setup(context) {
    context.onLoad({ filter: /[\\/]etcd3[\\/]lib[\\/]connection-pool\.js$/ }, async ({ path }) => {
      const { Root } = createRequire(createRequire(path).resolve('@grpc/proto-loader'))('protobufjs');
      const protos = new Root();
      protos.resolvePath = (_: string, target: string) => join(dirname(path), '..', 'proto', basename(target));
      const json = JSON.stringify(protos.loadSync('rpc.proto', { keepCase: true }).toJSON());
      const original = await readFile(path, 'utf8');
      const contents = original.replace(/loadSync\)\(`\$\{__dirname\}\/\.\.\/proto\/rpc\.proto`/, () => `fromJSON)(${json}`);
      if (contents === original) throw new Error(`${path} does not read rpc.proto as etcd3 1.1.2 does`);
      return { contents, loader: 'js' };
    });
  },
};

/** Packages that few processes of a service ever need, and none before it is asked for it. */
const seldom: Readonly<Record<string, readonly string[]>> = { client: ['undici', 'tough-cookie'] };

/**
 * Packages that lie in the bundle compressed, and are unpacked when they are first imported: a program's whole text stays in
 * memory while it runs, and this is a third of it for something that it may never use.
 */
function pack(names: readonly string[]): Plugin {
  return {
    name: 'pack',
    setup(context) {
      context.onResolve({ filter: new RegExp(`^(?:${names.join('|')})$`) }, ({ path }) => ({ path, namespace: 'packed' }));
      context.onLoad({ filter: /./, namespace: 'packed' }, async ({ path }) => {
        const stdin = { contents: `module.exports = require('${path}')`, resolveDir: root };
        const result = await build({ ...settings, format: 'cjs', stdin, write: false });
        const packed = brotliCompressSync(result.outputFiles![0]!.contents).toString('base64');
        const contents = `
          const code = require('node:zlib').brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString();
          require('node:vm').compileFunction(code, ['module', 'require'])(module, require);`;
        return { contents, loader: 'js' };
      });
    },
  };
}

/** Bundles the service of a name into a file. */
export function bundle(name: string, file: string): Promise<void> {
  return bundleProgram(join(root, 'services', name, 'src', 'main.ts'), file, seldom[name]);
}

/** Bundles a program, and the programs that it starts, into a file; `packed` are packages that it needs seldom. */
export async function bundleProgram(program: string, file: string, packed: readonly string[] = []): Promise<void> {
  await build({
    ...settings,
    entryPoints: [program],
    outfile: file,
    plugins: [inlinePrograms, inlineEtcdProto, ...(packed.length > 0 ? [pack(packed)] : [])],
    // Some dependencies are CommonJS and call require() for Node's own modules.
    banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  const name = basename(process.cwd());
  await bundle(name, join(process.cwd(), 'dist', `${name}.js`));
}
