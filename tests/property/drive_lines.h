/* drive_lines: what programs that take instructions have in common behind the library: the frame of
 * a request, and how lines become instructions. Include it behind drive_words.h; the program says
 * what forget_all() forgets. */
#ifndef DRIVE_LINES_H
#define DRIVE_LINES_H

typedef struct instruction {
    const char *name;
    void (*run)(void);
} instruction;

static void forget_all(void);

static void out_request(const otel_request *request)
{
    const size_t n_path = strlen(request->path);
    const size_t n_type = strlen(request->content_type);

    out_bytes("R", 1);
    out_u32((uint32_t)(12 + n_path + 1 + n_type + 1 + request->length));
    out_u32((uint32_t)request->signal);
    out_u32(request->attempt);
    out_u32(request->n_records);
    out_bytes(request->path, n_path);
    out_bytes("\n", 1);
    out_bytes(request->content_type, n_type);
    out_bytes("\n", 1);
    out_bytes(request->body, request->length);
}

static void do_done(void) /* done: writes the frames, and forgets everything */
{
    forget_all();
    out_text('E', "");
    if (fwrite(out.bytes, 1, out.length, stdout) != out.length || fflush(stdout) != 0) {
        exit(3);
    }
    out.length = 0;
}

static void run_line(char *line, const instruction *instructions, size_t n)
{
    const char *name;
    size_t      i = 0;

    line[strcspn(line, "\n")] = '\0';
    cursor = line;
    name = next_word();
    while (i < n && strcmp(instructions[i].name, name) != 0) {
        i++;
    }
    if (i == n) {
        fail("no such instruction", name);
    }
    instructions[i < n ? i : 0].run();
    if (more_words()) {
        fail("words too many after", name);
    }
    free_texts();
}

/* Run all lines of stdin; what main() returns. */
static int run_lines(const instruction *instructions, size_t n)
{
    char  *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        run_line(line, instructions, n);
    }
    forget_all();
    free(line);
    free(out.bytes);
    return 0;
}

#endif /* DRIVE_LINES_H */
