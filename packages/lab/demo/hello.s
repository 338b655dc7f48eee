# The program that the demonstration executes: text, constants, data, and three pages of zeros.
# Made with: gcc -nostdlib -static -no-pie -s -Wl,--build-id=none -o hello hello.s
        .globl  _start
        .text
_start: mov     $1, %eax                # write(1, message, length)
        mov     $1, %edi
        lea     message(%rip), %rsi
        mov     $length, %edx
        syscall
        incl    counter(%rip)
        mov     $60, %eax               # exit(0)
        xor     %edi, %edi
        syscall
        .section .rodata
message: .ascii "hello from a process\n"
        .set    length, . - message
        .data
counter: .long  41
        .bss
        .lcomm  buffer, 12288
        .section .note.GNU-stack, "", @progbits
