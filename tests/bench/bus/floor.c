/*
 * The floor under a command's round trip: one ZeroMQ round trip with CURVE between
 * two processes, and two commits of one row each. Prints medians in microseconds.
 * SPS_DB: PostgreSQL with a table bench.effect.
 */
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define N 3000

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

static char server_public[41], server_secret[41], client_public[41], client_secret[41];
static char address[64];

static void echo(void)
{
	void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_REP);
	char buf[512];
	int on = 1;

	zmq_setsockopt(s, ZMQ_CURVE_SERVER, &on, sizeof(on));
	zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, server_secret, 41);
	zmq_bind(s, address);
	for (;;) {
		int n = zmq_recv(s, buf, sizeof(buf), 0);

		if (n < 0)
			_exit(1);
		zmq_send(s, buf, (size_t)n, 0);
	}
}

static double round_trip(void)
{
	static double v[N];
	void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_REQ);
	char buf[200] = { 0 };

	zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server_public, 41);
	zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, client_public, 41);
	zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, client_secret, 41);
	zmq_connect(s, address);
	for (int i = -200; i < N; i++) {
		double t = now_us();

		if (zmq_send(s, buf, sizeof(buf), 0) < 0 || zmq_recv(s, buf, sizeof(buf), 0) < 0)
			exit(1);
		if (i >= 0)
			v[i] = now_us() - t;
	}
	return median(v, N);
}

static double commit(void)
{
	static double v[N];
	PGconn *c = PQconnectdb(getenv("SPS_DB"));

	PQclear(PQprepare(c, "i", "INSERT INTO bench.effect (attempt) VALUES (1)", 0, NULL));
	for (int i = -200; i < N; i++) {
		double t = now_us();
		PGresult *r = PQexecPrepared(c, "i", 0, NULL, NULL, NULL, 0);

		if (PQresultStatus(r) != PGRES_COMMAND_OK) {
			fprintf(stderr, "floor: %s", PQerrorMessage(c));
			exit(1);
		}
		PQclear(r);
		if (i >= 0)
			v[i] = now_us() - t;
	}
	PQfinish(c);
	return median(v, N);
}

int main(void)
{
	double trip, row;
	pid_t child;

	zmq_curve_keypair(server_public, server_secret);
	zmq_curve_keypair(client_public, client_secret);
	snprintf(address, sizeof(address), "tcp://127.0.0.1:%d", 20000 + getpid() % 20000);
	child = fork();
	if (!child)
		echo();
	trip = round_trip();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	row = commit();
	printf("{\"zmq_us\":%.1f,\"commit_us\":%.1f,\"floor_us\":%.1f}\n", trip, row, trip + 2 * row);
	return 0;
}
