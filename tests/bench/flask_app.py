"""The list endpoint as a usual Python service would do it: session from Redis, the same SQL function, JSON out.

Run under gunicorn with two sync workers: gunicorn -w 2 -b 127.0.0.1:PORT flask_app:app
"""
import json
import os

import psycopg2
import redis
from flask import Flask, Response, abort, request

app = Flask(__name__)
sessions = redis.Redis(unix_socket_path=os.environ["BENCH_REDIS"], username="tester", password="any")
db = psycopg2.connect(os.environ["BENCH_DB"])
db.autocommit = True


@app.get("/api/v1/servers")
def servers():
    session = sessions.get("bench:" + request.cookies.get("sid", ""))
    if session is None:
        abort(401)
    who = json.loads(session)
    with db.cursor() as cursor:
        cursor.execute("SELECT api.server_list(%s, %s, %s::jsonb)::text",
                       (who["user"], who["generation"], json.dumps(request.args)))
        body = cursor.fetchone()[0]
    return Response(body, mimetype="application/json", headers={"cache-control": "no-store"})
