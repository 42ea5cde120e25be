; An installer for Windows, for one person, without an administrator's rights.
; UNTESTED. Built by Inno Setup 6:
;   ISCC /DVersion=0.2.0 /DFolder=C:\...\dist\descent-0.2.0-windows-x86_64 descent.iss

[Setup]
AppId={{6D1C3B0E-7C0B-4B3E-9E5B-2F6C1B1D7A54}
AppName=Descent
AppVersion={#Version}
DefaultDirName={autopf}\Descent
DefaultGroupName=Descent
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
LicenseFile={#Folder}\LICENSE
OutputDir={#Folder}\..
OutputBaseFilename=descent-{#Version}-windows-setup
Compression=lzma2
SolidCompression=yes
UninstallDisplayIcon={app}\descent.exe

[Files]
Source: "{#Folder}\*"; DestDir: "{app}"; Flags: recursesubdirs createallsubdirs ignoreversion

[Icons]
Name: "{group}\Descent"; Filename: "{app}\descent.exe"

[Registry]
Root: HKA; Subkey: "Software\Classes\.descent\OpenWithProgids"; ValueType: string; ValueName: "Descent.Run"; ValueData: ""; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\Descent.Run"; ValueType: string; ValueData: "Run of Descent"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Descent.Run\DefaultIcon"; ValueType: string; ValueData: "{app}\descent.exe,0"
Root: HKA; Subkey: "Software\Classes\Descent.Run\shell\open\command"; ValueType: string; ValueData: """{app}\descent.exe"" ""%1"""
