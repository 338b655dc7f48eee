# A garbage-collected language whose runtime calls nothing but realloc and free: a concordance of a text.
needs='lua5.4:lua5.4'
sample=lua.trace.gz

inputs() {
  prose 3000 1 >lines.txt
  cat >concordance.lua <<'LUA'
local count, order, lines = {}, {}, {}
for line in io.lines("lines.txt") do
  lines[#lines + 1] = line
  for word in line:gmatch("%a+") do
    if not count[word] then order[#order + 1] = word end
    count[word] = (count[word] or 0) + 1
  end
end
table.sort(order, function(a, b) return count[a] > count[b] or (count[a] == count[b] and a < b) end)
local where = {}
for number, line in ipairs(lines) do
  for word in line:gmatch("%a+") do
    local entry = where[word]
    if not entry then
      entry = {}
      where[word] = entry
    end
    entry[#entry + 1] = number
  end
end
local report = ""
for i = 1, 400 do report = report .. order[i] .. " " .. table.concat(where[order[i]], ",") .. "\n" end
local shouted = {}
for line in report:gmatch("[^\n]+") do shouted[#shouted + 1] = (line:gsub("%a+", string.upper)) end
print(#order, #report, #table.concat(shouted, "\n"))
LUA
}

run() {
  record lua5.4 concordance.lua
}
