/* The measure: a tight posix_spawn loop, its tasks dealt to some parents that each wait for theirs.
 * Usage: loop TASKS PARENTS [DIRECTORY]; with a directory each task's output goes to a file there. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void run(int task, const char *directory) {
  posix_spawn_file_actions_t actions, *used = NULL;
  char path[4096], *argv[] = {"true", NULL};
  struct rusage usage;
  pid_t pid;
  int status;
  if (directory) {
    snprintf(path, sizeof path, "%s/%d.out", directory, task);
    used = &actions;
    posix_spawn_file_actions_init(used);
    posix_spawn_file_actions_addopen(used, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_adddup2(used, 1, 2);
  }
  if (posix_spawn(&pid, "/bin/true", used, NULL, argv, environ)) exit(1);
  if (used) posix_spawn_file_actions_destroy(used);
  if (wait4(pid, &status, 0, &usage) != pid || status) exit(1);
}

int main(int argc, char **argv) {
  int tasks = atoi(argv[1]), parents = atoi(argv[2]), status, failed = 0;
  for (int parent = 0; parent < parents; parent++)
    if (fork() == 0) {
      for (int task = parent; task < tasks; task += parents) run(task, argc > 3 ? argv[3] : NULL);
      exit(0);
    }
  while (wait(&status) > 0) failed |= status;
  return failed != 0;
}
