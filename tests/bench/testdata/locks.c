/* SPDX-License-Identifier: Apache-2.0 */

/*
 * locks DOMAIN batch THREADS: reads numbers, and for each takes and releases one
 * lock exclusively that often, by all threads together; answers when done.
 *
 * locks DOMAIN walk FIRST STEPS: takes lock FIRST of three that lie in a circle,
 * says so, waits for a line, and goes around: it takes the next lock before it
 * releases the one it has. Prints how many nanoseconds that took.
 *
 * Both through the C project's library. A context of it is not for two threads at
 * a time, and one context a thread would exclude nobody, because the kernel's lock
 * belongs to the node: so the threads have a mutex around the one context.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <o2dlm/o2dlm.h>

static struct o2dlm_ctxt *domain;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

static void must(errcode_t failed, const char *what)
{
	if (failed) {
		fprintf(stderr, "%s: %s\n", what, error_message(failed));
		exit(1);
	}
}

static void take(char *name)
{
	must(o2dlm_lock(domain, name, 0, O2DLM_LEVEL_EXMODE), "lock");
}

static void give(char *name)
{
	must(o2dlm_unlock(domain, name), "unlock");
}

static void *use(void *times)
{
	for (long left = *(long *)times; left > 0; left--) {
		pthread_mutex_lock(&one);
		take("used");
		give("used");
		pthread_mutex_unlock(&one);
	}
	return NULL;
}

static void batches(int threads)
{
	pthread_t *all = calloc(threads, sizeof *all);
	char line[32];

	while (fgets(line, sizeof line, stdin)) {
		long each = atol(line) / threads;

		if (threads == 1) {
			use(&each);
		} else {
			for (int i = 0; i < threads; i++)
				must(pthread_create(&all[i], NULL, use, &each), "thread");
			for (int i = 0; i < threads; i++)
				pthread_join(all[i], NULL);
		}
		puts("done");
		fflush(stdout);
	}
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void walk(int at, long steps)
{
	char *circle[] = { "walk0", "walk1", "walk2" };
	char line[32];
	int64_t start;

	take(circle[at]);
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		exit(1);
	start = now();
	for (; steps > 0; steps--) {
		int next = (at + 1) % 3;

		take(circle[next]);
		give(circle[at]);
		at = next;
	}
	printf("%lld\n", (long long)(now() - start));
	give(circle[at]);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	initialize_o2dl_error_table();
	must(o2dlm_initialize("/dlm", argv[1], &domain), "initialize");
	if (argc == 5) {
		/* The domain stays: to leave and join it again takes seconds. */
		walk(atoi(argv[3]), atol(argv[4]));
		return 0;
	}
	batches(atoi(argv[3]));
	must(o2dlm_destroy(domain), "destroy");
	return 0;
}
