/* SPDX-License-Identifier: Apache-2.0 */

/*
 * apart DIRECTORY walk FIRST STEPS: walks as locks.c does, without a library, and with
 * what libo2dlm promises beyond the C project's: a flock(2) keeps the processes of a
 * node apart, and who is killed while he waits for one lock lets go of the other. For
 * that the open that waits is made on a thread with a table of descriptors of its own,
 * which passes on what it is granted.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *circle[] = { "walk0", "walk1", "walk2" };
static const char *wanted;
static int directory, ends[2];
static sem_t asked, granted;

static void must(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

/* pass sends a descriptor, or receives one when it is -1. */
static int pass(int socket, int fd)
{
	char letter = 0;
	union {
		char space[CMSG_SPACE(sizeof fd)];
		struct cmsghdr align;
	} control;
	struct iovec data = { &letter, 1 };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control.space, .msg_controllen = sizeof control.space };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&m);

	if (fd == -1) {
		must(recvmsg(socket, &m, 0) == 1, "recvmsg");
		memcpy(&fd, CMSG_DATA(rights), sizeof fd);
		return fd;
	}
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(rights), &fd, sizeof fd);
	must(sendmsg(socket, &m, 0) == 1, "sendmsg");
	return close(fd);
}

static void *wait_apart(void *unused)
{
	must(unshare(CLONE_FILES) == 0, "unshare");
	for (;;) {
		int fd;

		sem_wait(&asked);
		fd = openat(directory, wanted, O_RDWR | O_CREAT, 0600);
		must(fd >= 0, wanted);
		must(flock(fd, LOCK_EX) == 0, "flock");
		pass(ends[0], fd);
		sem_post(&granted);
	}
	return unused;
}

static int take(int at)
{
	wanted = circle[at];
	sem_post(&asked);
	sem_wait(&granted);
	return pass(ends[1], -1);
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	char line[32];
	int64_t start;
	pthread_t thread;
	int at, have;

	if (argc != 5)
		return 2;
	at = atoi(argv[3]);
	directory = open(argv[1], O_PATH | O_DIRECTORY);
	must(directory >= 0, argv[1]);
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "socketpair");
	sem_init(&asked, 0, 0);
	sem_init(&granted, 0, 0);
	must(pthread_create(&thread, NULL, wait_apart, NULL) == 0, "thread");
	have = take(at);
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return 1;
	start = now();
	for (long steps = atol(argv[4]); steps > 0; steps--) {
		int next = take(at = (at + 1) % 3);

		close(have);
		have = next;
	}
	printf("%lld\n", (long long)(now() - start));
	return 0;
}
