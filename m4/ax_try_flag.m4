dnl SPDX-License-Identifier: MIT
dnl AX_TRY_FLAG(FLAGS, VARIABLE): sets VARIABLE to FLAGS if the C compiler compiles and links with them, else to nothing.
AC_DEFUN([AX_TRY_FLAG], [
  AC_MSG_CHECKING([whether $CC takes $1])
  ax_try_saved=$CFLAGS
  CFLAGS="$CFLAGS $1"
  AC_LINK_IFELSE([AC_LANG_PROGRAM()], [$2="$1"; ax_try_result=yes], [$2=; ax_try_result=no])
  CFLAGS=$ax_try_saved
  AC_MSG_RESULT([$ax_try_result])
])
