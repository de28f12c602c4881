/* SPDX-License-Identifier: MIT */
/* Which sanitizers a test is compiled with. */
#ifndef PL_TESTS_SUPPORT_SANITIZERS_H
#define PL_TESTS_SUPPORT_SANITIZERS_H

#if defined(__has_feature)
#define PL_HAS_FEATURE(feature) __has_feature(feature)
#else
#define PL_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || PL_HAS_FEATURE(address_sanitizer)
#define PL_ASAN 1
#else
#define PL_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || PL_HAS_FEATURE(thread_sanitizer)
#define PL_TSAN 1
#else
#define PL_TSAN 0
#endif
#if PL_HAS_FEATURE(memory_sanitizer)
#define PL_MSAN 1
#else
#define PL_MSAN 0
#endif
/* valgrind is none, but as slow, and as different: ./dev memcheck says that it is used. */
#ifndef PL_VALGRIND
#define PL_VALGRIND 0
#endif
#define PL_SANITIZED (PL_ASAN || PL_TSAN || PL_MSAN || PL_VALGRIND)

#endif
