# A garbage-collected runtime with its objects' contents in malloc: JSON out and back, an index, substitutions.
needs='ruby:ruby'
sample=ruby.trace.gz

inputs() {
  prose 900 1 >lines.txt
  cat >index.rb <<'RUBY'
require 'json'
lines = File.readlines('lines.txt', chomp: true)
documents = lines.each_with_index.map { |line, i| { 'id' => i, 'words' => line.split, 'text' => line } }
copy = JSON.parse(JSON.generate(documents))
where = Hash.new { |hash, word| hash[word] = [] }
copy.each { |document| document['words'].each { |word| where[word] << document['id'] } }
report = +''
where.sort_by { |word, ids| [-ids.size, word] }.each { |word, ids| report << "#{word}: #{ids.join(', ')}\n" }
doubled = report.lines.map { |line| line.gsub(/\d+/) { |number| (number.to_i * 2).to_s } }.join
puts "#{where.size} #{report.size} #{doubled.size}"
RUBY
}

run() {
  record ruby --disable=gems index.rb
}
