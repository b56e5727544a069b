// Which way imports may run: proto <- libs <- services; inside a service main -> service -> { rpc, adapters } -> domain.
const services = '^services/([^/]+)/src/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'libs-do-not-import-services',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^services/' },
    },
    {
      name: 'no-service-imports-another',
      comment: 'Services meet over gRPC, Redis or etcd. Only standalone composes three of them, through their startX.',
      severity: 'error',
      from: { path: services, pathNot: '^services/standalone/' },
      to: { path: '^services/([^/]+)/', pathNot: '^services/$1/' },
    },
    {
      name: 'standalone-composes-three-services-through-their-start',
      severity: 'error',
      from: { path: '^services/standalone/' },
      to: { path: '^services/', pathNot: '^services/(standalone/|(orchestrator|recorder|telemd)/src/service\\.ts$)' },
    },
    {
      name: 'only-main-reads-the-process',
      comment: 'main.ts is the process; nothing imports it.',
      severity: 'error',
      from: {},
      to: { path: `${services}main\\.ts$` },
    },
    {
      name: 'main-knows-config-and-service-only',
      severity: 'error',
      from: { path: `${services}main\\.ts$`, pathNot: '^services/shell/' },
      to: { path: services, pathNot: `${services}(config|service)\\.ts$` },
    },
    {
      name: 'rpc-is-used-by-the-composition-root-alone',
      severity: 'error',
      from: { path: '^services/', pathNot: ['/src/service\\.ts$', '/src/rpc\\.ts$', '/src/rpc/'] },
      to: { path: ['^services/[^/]+/src/rpc\\.ts$', '^services/[^/]+/src/rpc/'] },
    },
    {
      name: 'nothing-reaches-into-a-lib',
      severity: 'error',
      from: { path: '^(libs|services)/([^/]+)/' },
      // But for what a package offers by itself, beside its index.
      to: {
        path: '^libs/([^/]+)/src/(?!index\\.ts$)',
        pathNot: [
          '^$1/$2/',
          '^libs/proto/',
          '^libs/service/src/(make-directory|metrics)\\.ts$',
          '^libs/bus/src/redis/connect\\.ts$',
          '^libs/workload/src/template\\.ts$',
        ],
      },
    },
    {
      name: 'proto-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^libs/proto/' },
      to: { path: '^(libs|services)/', pathNot: '^libs/proto/' },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: ['\\.test\\.ts$', '^(libs|services)/[^/]+/(test|bench)/'] },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-test-code-in-the-product',
      severity: 'error',
      from: { path: '^(libs|services)/[^/]+/src/', pathNot: '\\.test\\.ts$|^libs/testkit/' },
      to: { path: '^libs/testkit/|\\.test\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
