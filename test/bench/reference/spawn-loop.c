/* The fastest simple way to run TASKS times /bin/true: PARENTS processes side by side, each a
 * tight loop of posix_spawn and wait4. With a DIRECTORY each task's output goes to a file there.
 * Prints the seconds it took. Must do nothing per task that a spawner could do without. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int run_one(const posix_spawn_file_actions_t *actions) {
  char *argv[] = {"true", NULL};
  struct rusage usage;
  pid_t pid;
  int status;
  if (posix_spawn(&pid, "/bin/true", actions, NULL, argv, environ) != 0) return 1;
  return wait4(pid, &status, 0, &usage) != pid || status != 0;
}

static int run_with_file(const char *directory, int lane, int index) {
  char path[4096];
  posix_spawn_file_actions_t actions;
  snprintf(path, sizeof path, "%s/%d-%d.out", directory, lane, index);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  int is_bad = run_one(&actions);
  posix_spawn_file_actions_destroy(&actions);
  return is_bad;
}

static int run_lane(int lane, int tasks, const char *directory) {
  for (int index = 0; index < tasks; index++) {
    if (directory ? run_with_file(directory, lane, index) : run_one(NULL)) return 1;
  }
  return 0;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int tasks = atoi(argv[1]), parents = atoi(argv[2]), is_bad = 0;
  const char *directory = argc > 3 ? argv[3] : NULL;
  double started_at = seconds();
  for (int lane = 0; lane < parents; lane++) {
    pid_t pid = fork();
    if (pid < 0) return 1;
    if (pid == 0) _exit(run_lane(lane, tasks / parents, directory));
  }
  for (int lane = 0; lane < parents; lane++) {
    int status;
    wait(&status);
    is_bad |= status;
  }
  printf("%.6f\n", seconds() - started_at);
  return is_bad != 0;
}
