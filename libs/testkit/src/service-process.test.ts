import { describe, expect, it } from 'vitest';
import { startService } from './service-process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('startService', () => {
  it('starts a service that knows nothing of the environment of its caller', async () => {
    await using directory = await temporaryDirectory();
    process.env['galileo_logging_level'] = 'nonsense';
    await using service = await startService('recorder', {
      galileo_grpc_listen: '127.0.0.1:0',
      galileo_data_dir: directory.path,
    });
    delete process.env['galileo_logging_level'];
    expect(await service.ready()).toEqual({ grpc: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
    expect(await service.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(service.log().at(-1)).toMatchObject({ service: 'recorder', msg: 'stopped' });
  });

  it('shows what a service that ends instead has said', async () => {
    await using service = await startService('recorder', { galileo_grpc_listen: 'nowhere' });
    await expect(service.ready()).rejects.toThrow(/ended \(exit code 1\) without line "ready".*\n.*galileo_grpc_listen/);
  });
});
