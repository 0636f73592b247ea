/** nginx as a peer: a digest of the body, made by Lua, is the key to answers in its shared memory. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Server, startProgram } from './child.ts';

/** Where Debian's packages nginx-light and libnginx-mod-http-lua put them. */
const PROGRAM = '/usr/sbin/nginx';
const MODULES = ['ndk_http_module.so', 'ngx_http_lua_module.so'].map(
  (file) => `/usr/lib/nginx/modules/${file}`,
);

export const hasNginx = (): boolean => [PROGRAM, ...MODULES].every((path) => existsSync(path));

export interface NginxOptions {
  readonly gatewayKey: string;
  /** The upstream. */
  readonly url: string;
  readonly key: string;
}

/**
 * The fair peer: bodies are kept in memory whatever their size (with nginx's own buffers those of 16 KB and more go to disk, and
 * the digest of all of them is that of nothing).
 */
const configuration = (port: number, folder: string, { gatewayKey, url, key }: NginxOptions): string => `
${MODULES.map((path) => `load_module ${path};`).join('\n')}
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_buffer_size 16m;
  client_max_body_size 16m;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000;
  keepalive_timeout 95s;
  lua_shared_dict answers 64m;
  init_by_lua_block {
    ffi = require 'ffi'
    ffi.cdef 'unsigned char *SHA256(const unsigned char *, size_t, unsigned char *);'
    digest = ffi.new('unsigned char[32]')
  }
  server {
    listen 127.0.0.1:${port};
    location = /v1/rerank {
      content_by_lua_block {
        if ngx.var.http_authorization ~= 'Bearer ${gatewayKey}' then return ngx.exit(401) end
        ngx.req.read_body()
        local body = ngx.req.get_body_data()
        ffi.C.SHA256(body, #body, digest)
        local name = ffi.string(digest, 32)
        ngx.header['Content-Type'] = 'application/json'
        local known = ngx.shared.answers:get(name)
        if known then
          ngx.header['Cache-Status'] = 'nginx; hit'
          ngx.header['Content-Length'] = #known
          return ngx.print(known)
        end
        local reply = ngx.location.capture('/upstream', { method = ngx.HTTP_POST, body = body })
        if reply.status == 200 then ngx.shared.answers:set(name, reply.body) end
        ngx.status = reply.status
        ngx.header['Content-Length'] = #reply.body
        ngx.header['Cache-Status'] = 'nginx; fwd=miss; stored'
        ngx.print(reply.body)
      }
    }
    location = /upstream {
      internal;
      proxy_pass ${url}/v1/rerank;
      proxy_set_header Authorization 'Bearer ${key}';
      proxy_set_header Content-Type application/json;
    }
  }
}
`;

export const startNginx = async (options: NginxOptions): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-nginx-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const file = join(folder, 'nginx.conf');
  const server = await startProgram(PROGRAM, (port) => {
    writeFileSync(file, configuration(port, folder, options));
    return ['-p', folder, '-c', file];
  });
  return { ...server, stop: () => server.stop().finally(remove) };
};
