# Pictures drawn, waved, resized, blurred, reduced to few colours and put side by side: pixels by posix_memalign.
needs='convert:imagemagick'
sample=imagemagick.trace.gz
settings='OMP_NUM_THREADS=1 MAGICK_THREAD_LIMIT=1'

inputs() {
  :
}

run() {
  record convert -seed 3 \
    '(' -size 160x120 gradient:red-blue -wave 5x40 -resize 300x ')' \
    '(' -size 90x200 gradient:white-black -swirl 90 -resize 50% ')' \
    '(' -size 120x120 pattern:checkerboard -rotate 30 -blur 0x2 ')' \
    '(' -size 64x64 xc:green -attenuate 0.5 +noise Gaussian -resize 220x90! ')' \
    '(' -clone 0,2 -compose multiply -composite -colors 16 ')' \
    '(' -clone 1,3 -append -edge 1 -negate ')' \
    -background none +append -colors 64 picture.png
}
