// SPDX-License-Identifier: Apache-2.0

/*
 * User Mode Linux before 6.13 keeps 2,696 bytes of a process's vector registers.
 * It may read so few with PTRACE_GETREGSET, but the host takes them back only
 * whole: on a processor with AMX they are 11,008 bytes, PTRACE_SETREGSET says
 * EFAULT, and the guest dies in its first process. This ptrace, which the kernel
 * finds before the C library's, hands over what is missing as zeros: registers
 * that the header says are not in use, and of which no guest makes use.
 *
 * xstateregs_set in arch/x86/kernel/fpu/regset.c, put_fp_registers in
 * arch/um/os-Linux/registers.c. Seen with 6.1 on a host with 6.18.
 *
 * Includes nothing, so that a compiler without headers builds it.
 */

struct iovec {
	void *base;
	unsigned long length;
};

enum {
	SYS_ptrace = 101,
	PEEKTEXT = 1, PEEKUSER = 3,	/* the C library returns what these read */
	GETREGSET = 0x4204, SETREGSET = 0x4205,
	NT_X86_XSTATE = 0x202,
};

extern long syscall(long number, ...);
extern int *__errno_location(void);

static unsigned char whole[1 << 16];
static unsigned long length;	/* of the registers on this host, 0 until asked */

static long set_xstate(long pid, const struct iovec *part)
{
	struct iovec all = { whole, sizeof(whole) };
	unsigned char *from = part->base;

	if (length == 0) {
		if (syscall(SYS_ptrace, (long)GETREGSET, pid, (long)NT_X86_XSTATE, &all) < 0)
			return -1;
		length = all.length;
		for (unsigned long i = 0; i < length; i++)
			whole[i] = 0;
	}
	if (part->length >= length)
		return syscall(SYS_ptrace, (long)SETREGSET, pid, (long)NT_X86_XSTATE, part);
	for (unsigned long i = 0; i < part->length; i++)
		whole[i] = from[i];
	all.length = length;
	return syscall(SYS_ptrace, (long)SETREGSET, pid, (long)NT_X86_XSTATE, &all);
}

long ptrace(int request, int pid, void *addr, void *data)
{
	long word;

	if (request == SETREGSET && (long)addr == NT_X86_XSTATE)
		return set_xstate(pid, data);
	if (request < PEEKTEXT || request > PEEKUSER)
		return syscall(SYS_ptrace, (long)request, (long)pid, addr, data);
	if (syscall(SYS_ptrace, (long)request, (long)pid, addr, &word) < 0)
		return -1;
	*__errno_location() = 0;
	return word;
}
