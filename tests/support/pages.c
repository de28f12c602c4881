/* SPDX-License-Identifier: MIT */
/*
 * pages DATABASE: lists what the example `download` has stored, by position: position, URL, status, length.
 * pages DATABASE POSITION: prints the body of one page.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *query = NULL;
    if (argc < 2 || sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db,
                           "SELECT position, url, status, length(body), body FROM pages"
                           " WHERE position = ?1 OR ?1 IS NULL ORDER BY position",
                           -1, &query, NULL) != SQLITE_OK) {
        fprintf(stderr, "pages: %s\n", sqlite3_errmsg(db));
        return 2;
    }
    if (argc > 2)
        sqlite3_bind_int64(query, 1, strtoll(argv[2], NULL, 10));
    int rows = 0;
    for (; sqlite3_step(query) == SQLITE_ROW; rows++) {
        const void *body = sqlite3_column_blob(query, 4); /* NULL if it is empty */
        if (argc > 2 && body)
            fwrite(body, 1, (size_t)sqlite3_column_bytes(query, 4), stdout);
        else if (argc == 2)
            printf("%lld %s %d %lld\n", (long long)sqlite3_column_int64(query, 0), sqlite3_column_text(query, 1),
                   sqlite3_column_int(query, 2), (long long)sqlite3_column_int64(query, 3));
    }
    sqlite3_finalize(query);
    sqlite3_close(db);
    return fflush(stdout) == 0 && (argc == 2 || rows == 1) ? 0 : 1;
}
