/* SPDX-License-Identifier: Apache-2.0 */

/*
 * torture DOMAIN LOCK TIMES: takes the lock exclusively so many times
 * through the C project's library, and adds one to the number in its value
 * block each time. It must be the number of turns that everybody has had, so
 * that their sum is known.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <o2dlm/o2dlm.h>

static void must(errcode_t failed, const char *what)
{
	if (failed) {
		fprintf(stderr, "%s: %s\n", what, error_message(failed));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct o2dlm_ctxt *domain;
	long times;

	if (argc != 4)
		return 2;
	initialize_o2dl_error_table();
	must(o2dlm_initialize("/dlm", argv[1], &domain), "initialize");
	for (times = atol(argv[3]); times > 0; times--) {
		uint64_t turns = 0;
		unsigned int size = 0;

		must(o2dlm_lock(domain, argv[2], 0, O2DLM_LEVEL_EXMODE), "lock");
		must(o2dlm_read_lvb(domain, argv[2], (char *)&turns, sizeof turns, &size), "read");
		turns++;
		must(o2dlm_write_lvb(domain, argv[2], (char *)&turns, sizeof turns, &size), "write");
		must(o2dlm_unlock(domain, argv[2]), "unlock");
		printf("%llu\n", (unsigned long long)turns);
	}
	must(o2dlm_destroy(domain), "destroy");
	return 0;
}
