# A web server answers 160 requests, four at a time, on 127.0.0.1: files, listings of a folder, compressed, half of
# them fetched from itself as a proxy. The order of events, and with it a few operations, differs between runs.
needs='nginx:nginx-light curl:curl'
sample=nginx.trace.gz

inputs() {
  mkdir -p site/d temporary
  prose 600 1 >lines.txt
  for i in $(seq 1 40); do head -c $((i * i * 40)) lines.txt >"site/d/$i.txt"; done
  for i in $(seq 1 160); do
    page=$((i * 7919 % 40 + 1)).txt
    [ $((i % 10)) -ne 0 ] || page=''
    proxy=p/
    [ $((i % 2)) -ne 0 ] || proxy=''
    printf 'url = "http://127.0.0.1:18081/%sd/%s"\noutput = /dev/null\n' "$proxy" "$page"
  done >requests.txt
  cat >nginx.conf <<'CONF'
daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 64; }
http {
  access_log off;
  default_type text/plain;
  client_body_temp_path temporary/1;
  proxy_temp_path temporary/2;
  fastcgi_temp_path temporary/3;
  uwsgi_temp_path temporary/4;
  scgi_temp_path temporary/5;
  gzip on;
  gzip_proxied any;
  gzip_types text/plain;
  server {
    listen 127.0.0.1:18081;
    root site;
    autoindex on;
    location /p/ { proxy_pass http://127.0.0.1:18081/; }
  }
}
CONF
}

run() {
  record nginx -p "$PWD/" -c nginx.conf -e stderr &
  curl --silent --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:18081/d/1.txt >/dev/null
  curl --no-progress-meter --compressed --parallel --parallel-max 4 --config requests.txt
  kill -QUIT "$(cat nginx.pid)"
  wait
}
